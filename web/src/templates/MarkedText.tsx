// A text box that marks tokens and faults: the same text stands behind it, invisible but for its marks. It is written by the
// style sheet, so that nobody finds or reads the text twice.
import { useLayoutEffect, useMemo, type RefObject } from "react";
import type { Fault } from "./templates";
import { pieces } from "./text";
import styles from "./MarkedText.module.css";

interface Props {
  id: string;
  box: RefObject<HTMLTextAreaElement | null>;
  value: string;
  faults: readonly Fault[];
  onChange: (value: string) => void;
  describedBy?: string | undefined;
}

export function MarkedText({ id, box, value, faults, onChange, describedBy }: Props) {
  const marked = useMemo(() => pieces(value, faults), [value, faults]);
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    element.style.height = "auto";
    element.style.height = `${element.scrollHeight}px`;
  }, [box, value]);
  return (
    <div className={styles.field} data-wrong={faults.length > 0}>
      <div className={styles.marks} aria-hidden="true">
        {marked.map((piece, index) => (
          <span key={index} data-kind={piece.kind} data-text={piece.text} />
        ))}
        <span data-text={"\u200b"} />
      </div>
      <textarea
        ref={box} id={id} rows={4} value={value} aria-invalid={faults.length > 0} aria-describedby={describedBy} spellCheck onChange={(event) => onChange(event.currentTarget.value)}
      />
    </div>
  );
}
