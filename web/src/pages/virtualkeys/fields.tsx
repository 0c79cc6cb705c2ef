import { ChevronRight } from "lucide-react";
import type { JsonObject, Provider, ProviderField } from "../../api/types.ts";
import { TextArea, TextField } from "../../ui/field.tsx";

interface FieldsProps {
  provider: Provider;
  errors: (field: string) => string | undefined;
  /** What is stored already; secrets are then only asked for to replace them. */
  stored?: { masked: string; config: JsonObject };
}

/** The inputs that a provider's credential needs, as the provider's own row lists them. */
export function ProviderFields({ provider, errors, stored }: FieldsProps) {
  const key = keyField(provider);
  const inputs = (fields: ProviderField[]) =>
    fields.map((field) => {
      const name = field === key ? "key" : field.name;
      return <Input key={field.name} field={field} name={name} error={errors(name)} stored={stored} />;
    });
  const fields = provider.fields.some((f) => f.name === "custom_host") ? provider.fields : [...provider.fields, baseUrl(provider)];
  const optional = fields.filter((f) => !f.required && f !== key);
  const open = !fields.some((f) => f.required) || optional.some((f) => errors(f.name) || stored?.config[f.name]);
  return (
    <>
      {inputs(fields.filter((f) => !optional.includes(f)))}
      {optional.length > 0 && (
        <details className="fold more-fields" open={open || undefined}>
          <summary>
            <ChevronRight size={13} aria-hidden />
            More settings <span className="badge num">{optional.length}</span>
          </summary>
          <div className="form">{inputs(optional)}</div>
        </details>
      )}
    </>
  );
}

interface InputProps {
  field: ProviderField;
  name: string;
  error: string | undefined;
  stored: FieldsProps["stored"];
}

function Input({ field, name, error, stored }: InputProps) {
  const { label, help, required, secret } = field;
  const common = { label, name, error, hint: help || undefined, optional: !required, required: required && !(stored && secret) };
  if (secret && /json/i.test(field.name)) return <TextArea {...common} rows={4} placeholder={stored ? "Stored; paste another to replace it" : ""} />;
  if (secret) {
    return <TextField {...common} optional={!required || !!stored} type="password" autoComplete="off" placeholder={stored ? `${stored.masked || "stored"} – leave empty to keep it` : ""} />;
  }
  const value = stored?.config[field.name];
  return <TextField {...common} defaultValue={typeof value === "string" ? value : ""} />;
}

// Any provider may be called at another address, such as a proxy's.
const baseUrl = (provider: Provider): ProviderField => ({
  name: "custom_host",
  header: "",
  label: "Base URL",
  secret: false,
  required: false,
  help: `In place of ${provider.base_url}. A secret is bound to its address: enter it again when you change this.`,
});

// The provider's API key goes by the name "key" in a virtual key.
const keyField = (provider: Provider): ProviderField | undefined => provider.fields.find((f) => f.name === "api_key");

/** What was entered, without what was left empty. */
export function entered(form: FormData): Record<string, string> {
  const pairs = [...form.entries()].map(([name, value]) => [name, String(value).trim()] as const);
  return Object.fromEntries(pairs.filter(([, value]) => value !== ""));
}
