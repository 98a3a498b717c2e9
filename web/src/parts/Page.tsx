// A page that is read from top to bottom: its heading, what it is for, and its parts below, in one column.
import type { CSSProperties, ReactNode, RefObject } from "react";
import styles from "./Page.module.css";

interface Props {
  title: string;
  lead?: ReactNode;
  /** Above the heading: the way to where this page belongs. */
  back?: ReactNode;
  /** Beside the heading: how it stands, and what can be done. */
  beside?: ReactNode;
  /** Takes the focus when what had it is gone. */
  heading?: RefObject<HTMLHeadingElement | null>;
  width?: number;
  children?: ReactNode;
}

export function Page({ title, lead, back, beside, heading, width = 860, children }: Props) {
  return (
    <div className={styles.page} style={{ "--page-width": `${width}px` } as CSSProperties}>
      <header className={styles.head}>
        {back && <p className={styles.back}>{back}</p>}
        <div className={styles.title}>
          <h1 ref={heading} {...(heading && { tabIndex: -1 })}>
            {title}
          </h1>
          {beside}
        </div>
        {lead && <p className={styles.lead}>{lead}</p>}
      </header>
      {children}
    </div>
  );
}
