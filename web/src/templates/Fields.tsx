// A template as it is written: name, text, who may use it, where it lies. The text is looked at while it is typed.
import { NativeSelect, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { Braces } from "lucide-react";
import { useId, useRef } from "react";
import { Failure } from "../parts/Failure";
import { Faults } from "./Faults";
import { MarkedText } from "./MarkedText";
import { foldersQuery, renderedQuery, type Fault, type NewTemplate, type Recipient, type Rendered } from "./templates";
import { inserted } from "./text";
import { TokenMenu } from "./TokenMenu";
import styles from "./Fields.module.css";

const NONE: readonly Fault[] = [];

/** What the server says of *body* for *recipient*; the faults are those of the very text that is shown. */
export function useLook(body: string, recipient: Recipient): { rendered: Rendered | undefined; faults: readonly Fault[]; settled: boolean } {
  const [looked] = useDebouncedValue(body, 120);
  const found = useQuery(renderedQuery(looked, recipient));
  const settled = looked === body && found.isSuccess && !found.isPlaceholderData;
  return { rendered: found.data, faults: settled ? found.data.faults : NONE, settled };
}

interface Props {
  value: NewTemplate;
  faults: readonly Fault[];
  /** The field that the server refused, and why. */
  problem: { field: string | null; sentence: string } | null;
  onChange: (changes: Partial<NewTemplate>) => void;
  focusName?: boolean;
  /** It is read and not changed. */
  locked?: boolean;
}

export function Fields({ value, faults, problem, onChange, focusName = false, locked = false }: Props) {
  const id = useId();
  const box = useRef<HTMLTextAreaElement>(null);
  const folders = useQuery(foldersQuery).data ?? [];
  const wrong = (field: string) => (problem?.field === field ? problem.sentence : null);
  const select = (start: number, end: number) => {
    box.current?.focus();
    box.current?.setSelectionRange(start, end);
  };
  const insert = (token: string) => {
    const element = box.current;
    const caret = element?.selectionStart ?? value.body.length;
    const body = inserted(value.body, token, caret);
    onChange({ body });
    const end = caret + body.length - value.body.length;
    requestAnimationFrame(() => select(end, end));
  };
  return (
    <fieldset className={styles.fields} disabled={locked}>
      <TextInput label="Name" value={value.name} maxLength={80} autoComplete="off" data-autofocus={focusName || undefined} error={wrong("name")} onChange={(event) => onChange({ name: event.currentTarget.value })} />
      <div>
        <div className={styles.above}>
          <label htmlFor={`${id}-body`}>Text</label>
          <TokenMenu onChoose={(token) => insert(`{{${token.name}}}`)}>
            {(toggle, opened) => (
              <button type="button" className={styles.insert} onClick={toggle} aria-expanded={opened}>
                <Braces size={15} aria-hidden="true" />
                Insert field
              </button>
            )}
          </TokenMenu>
        </div>
        <MarkedText id={`${id}-body`} box={box} value={value.body} faults={faults} describedBy={`${id}-faults`} onChange={(body) => onChange({ body })} />
        <Faults
          id={`${id}-faults`} body={value.body} faults={faults} onShow={select}
          onChange={(body) => {
            onChange({ body });
            box.current?.focus();
          }}
        />
        {wrong("body") && faults.length === 0 && <p className={styles.problem}>{wrong("body")}</p>}
      </div>
      <div className={styles.pair}>
        <fieldset className={styles.who}>
          <legend>Who uses it</legend>
          {[true, false].map((shared) => (
            <label key={String(shared)}>
              <input type="radio" name={`${id}-who`} checked={value.shared === shared} onChange={() => onChange({ shared, folder_id: null })} />
              <span>{shared ? "Everybody" : "Only me"}</span>
            </label>
          ))}
        </fieldset>
        <NativeSelect
          label="Folder" value={value.folder_id ?? ""} error={wrong("folder_id")} onChange={(event) => onChange({ folder_id: event.currentTarget.value ? Number(event.currentTarget.value) : null })}
          data={[{ value: "", label: "No folder" }, ...folders.filter((folder) => folder.shared === value.shared).map((folder) => ({ value: String(folder.folder_id), label: folder.name }))]}
        />
      </div>
      <Failure brief error={wrong("shared") ?? (["name", "body", "folder_id", "version"].includes(problem?.field ?? "") ? null : problem?.sentence)} />
    </fieldset>
  );
}
