export function NewConfigPage() { return null; }
