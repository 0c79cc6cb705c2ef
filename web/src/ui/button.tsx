import { Loader2, type LucideIcon } from "lucide-react";
import type { ButtonHTMLAttributes, ReactNode } from "react";

type Variant = "primary" | "secondary" | "ghost" | "danger";

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  variant?: Variant;
  icon?: LucideIcon;
  small?: boolean;
  /** The action is under way; the button cannot be pressed again. */
  busy?: boolean;
  children?: ReactNode;
}

export function Button({ variant = "secondary", icon: Icon, small, busy, children, className, ...rest }: ButtonProps) {
  const Shown = busy ? Loader2 : Icon;
  return (
    <button
      type="button"
      {...rest}
      className={["button", variant, small && "small", className].filter(Boolean).join(" ")}
      disabled={rest.disabled || busy}
      aria-busy={busy || undefined}
    >
      {Shown && <Shown size={15} aria-hidden />}
      {children}
    </button>
  );
}

interface IconButtonProps extends Omit<ButtonProps, "icon" | "children"> {
  icon: LucideIcon;
  label: string;
}

export function IconButton({ icon: Icon, label, variant = "ghost", className, small, busy: _, ...rest }: IconButtonProps) {
  return (
    <button
      type="button"
      title={label}
      aria-label={label}
      {...rest}
      className={["button icon", variant, small && "small", className].filter(Boolean).join(" ")}
    >
      <Icon size={16} aria-hidden />
    </button>
  );
}
