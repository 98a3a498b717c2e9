// In place of what is not there: why, and what to do about it. Boxed among other parts of a page, else over the whole pane.
import type { LucideIcon } from "lucide-react";
import type { ReactNode } from "react";
import styles from "./Nothing.module.css";

interface Props {
  icon: LucideIcon;
  title: string;
  children: ReactNode;
  boxed?: boolean;
  /** It is the whole page. */
  page?: boolean;
  alert?: boolean;
}

export function Nothing({ icon: Icon, title, children, boxed = false, page = false, alert = false }: Props) {
  const Title = page ? "h1" : "h2";
  return (
    <div className={styles.nothing} data-boxed={boxed || undefined} role={alert ? "alert" : undefined}>
      <Icon size={32} strokeWidth={1.4} aria-hidden="true" />
      <Title>{title}</Title>
      {children}
    </div>
  );
}
