// How a field's name in templates is made of its label, as the server would make it (server/domain/fields.py).

export function nameFor(label: string): string {
  const plain = label.normalize("NFKD").replace(/[^\x00-\x7f]/g, "").toLowerCase();
  const name = plain.replace(/[^a-z0-9]+/g, "_").replace(/^_+|_+$/g, "");
  return (name === "" || /^[a-z]/.test(name) ? name : `field_${name}`).slice(0, 40).replace(/_+$/, "");
}

export const choicesOf = (written: string): string[] => [...new Set(written.split(",").map((one) => one.trim()).filter(Boolean))];
