import { CircleAlert } from "lucide-react";
import { useId, type InputHTMLAttributes, type ReactNode, type SelectHTMLAttributes, type TextareaHTMLAttributes } from "react";

export interface Common {
  label: string;
  hint?: ReactNode;
  error?: string | undefined;
  optional?: boolean;
}

interface Wiring {
  id: string;
  "aria-describedby": string | undefined;
  "aria-invalid": boolean | undefined;
}

/** A label, a control, and what is to be said about it, wired together for assistive technology. */
export function Field({ label, hint, error, optional, children }: Common & { children: (wiring: Wiring) => ReactNode }) {
  const id = useId();
  const described = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ");
  return (
    <div className="field">
      <label htmlFor={id}>
        {label} {optional && <span className="optional">(optional)</span>}
      </label>
      {children({ id, "aria-describedby": described || undefined, "aria-invalid": error ? true : undefined })}
      {hint && (
        <p className="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {error && (
        <p className="field-error" id={`${id}-error`}>
          <CircleAlert size={13} aria-hidden />
          {error}
        </p>
      )}
    </div>
  );
}

export function TextField({ label, hint, error, optional, ...input }: Common & InputHTMLAttributes<HTMLInputElement>) {
  return (
    <Field {...common({ label, hint, error, optional })}>
      {(wiring) => <input className="input" autoComplete="off" spellCheck={false} {...input} {...wiring} />}
    </Field>
  );
}

export function TextArea({ label, hint, error, optional, ...input }: Common & TextareaHTMLAttributes<HTMLTextAreaElement>) {
  return (
    <Field {...common({ label, hint, error, optional })}>
      {(wiring) => <textarea className="input" rows={2} {...input} {...wiring} />}
    </Field>
  );
}

export function SelectField({ label, hint, error, optional, children, ...input }: Common & SelectHTMLAttributes<HTMLSelectElement>) {
  return (
    <Field {...common({ label, hint, error, optional })}>
      {(wiring) => (
        <select className="input" {...input} {...wiring}>
          {children}
        </select>
      )}
    </Field>
  );
}

export function Check({ label, ...input }: { label: ReactNode } & InputHTMLAttributes<HTMLInputElement>) {
  return (
    <label className="check">
      <input type="checkbox" {...input} />
      <span>{label}</span>
    </label>
  );
}

function common({ label, hint, error, optional }: { [K in keyof Common]: Common[K] | undefined }): Common {
  return { label: label ?? "", hint, error, optional: optional ?? false };
}
