// What is wrong in a template, each with its place and, where one can tell, the way to mend it.
import { CircleAlert } from "lucide-react";
import type { Fault } from "./templates";
import { mended, placeOf, spanOf } from "./text";
import { TokenMenu } from "./TokenMenu";
import styles from "./Faults.module.css";

interface Props {
  id: string;
  body: string;
  faults: readonly Fault[];
  onChange: (body: string) => void;
  onShow: (start: number, end: number) => void;
}

export function Faults({ id, body, faults, onChange, onShow }: Props) {
  return (
    <div id={id} role="status">
      {faults.length > 0 && (
        <ul className={styles.list} aria-label="What is wrong">
          {faults.map((fault, index) => (
            <li key={`${fault.at}-${index}`}>
              <CircleAlert size={15} aria-hidden="true" />
              <p>
                {fault.sentence}{" "}
                <button type="button" className={styles.place} onClick={() => onShow(...spanOf(body, fault))}>
                  {placeOf(body, fault)}
                </button>
              </p>
              {fault.instead !== null && (
                <button type="button" onClick={() => onChange(mended(body, fault, fault.instead ?? ""))}>
                  Use {fault.instead}
                </button>
              )}
              {fault.kind === "placeholder" && (
                <TokenMenu ownOnly onChoose={(token) => onChange(mended(body, fault, `{{${token.name}}}`))}>
                  {(toggle, opened) => (
                    <button type="button" onClick={toggle} aria-expanded={opened}>
                      Pick a field
                    </button>
                  )}
                </TokenMenu>
              )}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
