/** The mark: the front of a small portico. */
export function Logo({ size = 22 }: { size?: number }) {
  return (
    <svg className="logo" width={size} height={size} viewBox="0 0 24 24" aria-hidden>
      <rect width="24" height="24" rx="5.5" />
      <path d="M12 4.2 19.6 8.6v1.5H4.4V8.6zM6 11.6h2v5.6H6zm5 0h2v5.6h-2zm5 0h2v5.6h-2zM4.4 18.3h15.2v1.6H4.4z" />
    </svg>
  );
}
