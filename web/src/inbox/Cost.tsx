// What a text costs while it is written: segments, the costly character, and plain ones offered in its place.
import { useMemo } from "react";
import { countSegments, nameOf, plain } from "../text/segments";
import styles from "./Composer.module.css";

export const MAX_CHARACTERS = 1_600; // as server/ws/protocol.py

export function Cost({ text, length, pictures = 0, onReplace }: { text: string; length: number; pictures?: number; onReplace: (text: string) => void }) {
  const cost = useMemo(() => countSegments(text), [text]);
  if (text === "" && pictures === 0)
    return (
      <p id="reply-cost" className={styles.cost}>
        <span className={styles.keys}>Enter sends, Shift+Enter starts a new line</span>
      </p>
    );
  if (pictures > 0)
    return (
      <p id="reply-cost" className={styles.cost} data-testid="cost">
        {length > MAX_CHARACTERS && <strong>{(length - MAX_CHARACTERS).toLocaleString("en-US")} characters too many</strong>}
        <span className={styles.count}>Picture message · counts as 1 segment</span>
      </p>
    );
  const { costly } = cost;
  const dear = costly !== null && costly.without > 0 && cost.count > costly.without;
  const tooLong = length > MAX_CHARACTERS;
  return (
    <p id="reply-cost" className={styles.cost} data-testid="cost">
      {tooLong && (
        <strong>
          {(length - MAX_CHARACTERS).toLocaleString("en-US")} characters too many: a text holds {MAX_CHARACTERS.toLocaleString("en-US")}
        </strong>
      )}
      {dear && !tooLong && (
        <span className={styles.dear}>
          {nameOf(costly.char)} makes this {cost.count} segments instead of {costly.without}
          {countSegments(plain(text)).count < cost.count && (
            <button type="button" onClick={() => onReplace(plain(text))}>
              Use plain characters
            </button>
          )}
        </span>
      )}
      <span className={styles.count}>
        {cost.count} {cost.count === 1 ? "segment" : "segments"} · {cost.left} left
        {cost.encoding === "UCS-2" && " · Unicode"}
      </span>
    </p>
  );
}
