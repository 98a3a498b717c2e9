// What a template becomes for somebody real: the text as it would leave, and what that costs.
import { useMemo } from "react";
import { countSegments, nameOf, plain } from "../text/segments";
import { MAX_CHARACTERS, type Rendered } from "./templates";
import { filled } from "./text";
import styles from "./Preview.module.css";

interface Props {
  body: string;
  rendered: Rendered | undefined;
  name: string;
  /** Offers to write the template with plain characters, where those of the template make it dear. */
  onPlain: (() => void) | null;
}

export function Preview({ body, rendered, name, onPlain }: Props) {
  const text = rendered?.text ?? "";
  const cost = useMemo(() => countSegments(text), [text]);
  if (!rendered) return <div className={`bone ${styles.bone}`} aria-hidden="true" />;
  if (rendered.text === null) return <p className={styles.nothing}>The preview comes back once the text is mended.</p>;
  if (text.trim() === "" && rendered.missing.length === 0) return <p className={styles.nothing}>What you write shows here as {name} would get it.</p>;
  const { costly } = cost;
  const dear = costly !== null && costly.without > 0 && cost.count > costly.without;
  const length = [...text].length;
  return (
    <>
      <p className={styles.bubble} data-testid="preview">
        {rendered.missing.length === 0 ? text : filled(body, rendered).map((part, index) => (part.lacks ? <mark key={index}>{part.text}</mark> : part.text))}
      </p>
      {rendered.missing.length > 0 && (
        <p className={styles.missing}>
          Not on record for {name}: <strong>{rendered.missing.map((token) => token.label).join(", ")}</strong>. Whoever sends it is asked.
        </p>
      )}
      <p className={styles.cost} data-testid="template-cost">
        {rendered.too_long ? (
          <strong>
            {(length - MAX_CHARACTERS).toLocaleString("en-US")} characters too many: a text holds {MAX_CHARACTERS.toLocaleString("en-US")}
          </strong>
        ) : (
          dear && (
            <span className={styles.dear}>
              {nameOf(costly.char)} makes this {cost.count} segments instead of {costly.without}
              {onPlain && countSegments(plain(text)).count < cost.count && (
                <button type="button" onClick={onPlain}>
                  Use plain characters
                </button>
              )}
            </span>
          )
        )}
        <span>
          {cost.count} {cost.count === 1 ? "segment" : "segments"} · {cost.left} left{cost.encoding === "UCS-2" && " · Unicode"}
        </span>
      </p>
    </>
  );
}
