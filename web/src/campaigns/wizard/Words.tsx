// One of the texts as it is written: with fields and templates at hand, what is wrong in it marked, and what makes it dear.
import { Button, NumberInput } from "@mantine/core";
import { Braces, Trash2 } from "lucide-react";
import { useId, useRef } from "react";
import type { Variant } from "../../gen/wire";
import { TemplatePicker } from "../../templates";
import { Faults } from "../../templates/Faults";
import { useLook } from "../../templates/Fields";
import { MarkedText } from "../../templates/MarkedText";
import { inserted } from "../../templates/text";
import { TokenMenu } from "../../templates/TokenMenu";
import { countSegments, nameOf } from "../../text/segments";
import { Warnings } from "../Warnings";
import type { WordingWarning } from "../wording";
import { letter } from "./shares";
import styles from "./Message.module.css";

interface WordsProps {
  variant: Variant;
  index: number;
  of: number;
  warnings: readonly WordingWarning[];
  onChange: (over: Partial<Variant>) => void;
  /** None: its share was drawn, and it stays. */
  onRemove: (() => void) | null;
  /** What the box is called, where there is but one text. */
  label?: string;
}

export function Words({ variant, index, of, warnings, onChange, onRemove, label = "What it says" }: WordsProps) {
  const id = useId();
  const box = useRef<HTMLTextAreaElement>(null);
  const { faults } = useLook(variant.body, {});
  const { costly } = countSegments(variant.body);
  const select = (start: number, end: number) => {
    box.current?.focus();
    box.current?.setSelectionRange(start, end);
  };
  const insert = (token: string) => {
    const caret = box.current?.selectionStart ?? variant.body.length;
    const body = inserted(variant.body, token, caret);
    onChange({ body });
    const end = caret + body.length - variant.body.length;
    requestAnimationFrame(() => select(end, end));
  };
  return (
    <div className={styles.words} role="group" aria-label={of > 1 ? `Text ${letter(index)}` : "Text"}>
      <div className={styles.above}>
        <label htmlFor={`${id}-body`}>{of > 1 ? `Text ${letter(index)}` : label}</label>
        <TokenMenu onChoose={(token) => insert(`{{${token.name}}}`)}>
          {(toggle, opened) => (
            <button type="button" className={styles.insert} onClick={toggle} aria-expanded={opened}>
              <Braces size={15} aria-hidden="true" />
              Insert field
            </button>
          )}
        </TokenMenu>
        <TemplatePicker raw box={box} text={variant.body} onPick={(body) => onChange({ body })} />
      </div>
      <MarkedText id={`${id}-body`} box={box} value={variant.body} faults={faults} describedBy={`${id}-faults ${id}-warnings`} onChange={(body) => onChange({ body })} />
      <Faults id={`${id}-faults`} body={variant.body} faults={faults} onShow={select} onChange={(body) => onChange({ body })} />
      <Warnings id={`${id}-warnings`} text={variant.body} warnings={warnings} onShow={select} />
      {costly && (
        <p className={styles.costly} role="status">
          “{nameOf(costly.char)}” makes every text of this cost more: with it only 70 characters fit into a segment instead of 160.
        </p>
      )}
      {of > 1 && onRemove && (
        <div className={styles.share}>
          <NumberInput
            label={`Share of ${letter(index)}`} min={0} max={100} clampBehavior="strict" allowDecimal={false} suffix=" %" value={variant.share} onChange={(share) => typeof share === "number" && onChange({ share })}
          />
          <Button variant="default" leftSection={<Trash2 size={15} aria-hidden="true" />} onClick={onRemove}>
            Remove {letter(index)}
          </Button>
        </div>
      )}
    </div>
  );
}
