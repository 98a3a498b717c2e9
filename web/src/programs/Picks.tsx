// Several of a few, as boxes to tick.
import { Checkbox } from "@mantine/core";
import { useId } from "react";
import styles from "./Programs.module.css";

interface Props<T extends string> {
  label: string;
  options: readonly { value: T; label: string; description?: string }[];
  chosen: readonly T[];
  onChoose: (chosen: T[]) => void;
}

export function Picks<T extends string>({ label, options, chosen, onChoose }: Props<T>) {
  const id = useId();
  const toggle = (value: T, on: boolean) => onChoose(options.map((one) => one.value).filter((one) => (one === value ? on : chosen.includes(one))));
  return (
    <div className={styles.picks} role="group" aria-labelledby={id}>
      <p id={id}>{label}</p>
      {options.map(({ value, label: name, description }) => (
        <Checkbox key={value} label={name} description={description} checked={chosen.includes(value)} onChange={(event) => toggle(value, event.currentTarget.checked)} />
      ))}
    </div>
  );
}
