// What to look at in a text before many people get it, each with its place in the text.
import { TriangleAlert } from "lucide-react";
import { placeOf, spanOf } from "../templates/text";
import type { WordingWarning } from "./wording";
import styles from "./Warnings.module.css";

interface Props {
  text: string;
  warnings: readonly WordingWarning[];
  /** Without it places are only told. */
  onShow?: ((start: number, end: number) => void) | undefined;
  id?: string;
}

export function Warnings({ text, warnings, onShow, id }: Props) {
  return (
    <div id={id} role="status">
      {warnings.length > 0 && (
        <ul className={styles.list} aria-label="Worth a look">
          {warnings.map((one) => (
            <li key={`${one.kind}-${one.at}`}>
              <TriangleAlert size={15} aria-hidden="true" />
              <p>
                {one.sentence}{" "}
                {one.length > 0 && onShow && (
                  <button type="button" onClick={() => onShow(...spanOf(text, one))}>
                    {placeOf(text, one)}
                  </button>
                )}
              </p>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
