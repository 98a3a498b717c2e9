// A part of a step, and what is wrong in it.
import { CircleAlert } from "lucide-react";
import { useId, type ReactNode } from "react";
import styles from "./Wizard.module.css";

export function Card({ title, lead, children }: { title: string; lead?: ReactNode; children: ReactNode }) {
  const id = useId();
  return (
    <section className={styles.card} aria-labelledby={id}>
      <header>
        <h2 id={id}>{title}</h2>
        {lead && <p>{lead}</p>}
      </header>
      {children}
    </section>
  );
}

export function Wrong({ sentences }: { sentences: readonly string[] }) {
  if (sentences.length === 0) return null;
  return (
    <ul className={styles.wrong} aria-label="Before it can be launched">
      {sentences.map((sentence) => (
        <li key={sentence}>
          <CircleAlert size={15} aria-hidden="true" />
          {sentence}
        </li>
      ))}
    </ul>
  );
}
