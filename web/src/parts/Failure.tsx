// What went wrong, said where it happened: a banner in place of what could not be read, a line beside what was refused.
import { CircleAlert } from "lucide-react";
import type { ReactNode } from "react";
import styles from "./Failure.module.css";

interface Props {
  error: { message: string } | string | null | undefined;
  /** Beside a button or under a field. */
  brief?: boolean;
  onAgain?: (() => void) | undefined;
  /** What else to know: that what is shown is older, say. */
  children?: ReactNode;
}

export function Failure({ error, brief = false, onAgain, children }: Props) {
  if (!error) return null;
  return (
    <p className={brief ? styles.brief : styles.banner} role="alert">
      {!brief && <CircleAlert size={16} aria-hidden="true" />}
      <span>
        {typeof error === "string" ? error : error.message}
        {children && <> {children}</>}
        {onAgain && (
          <>
            {" "}
            <button type="button" onClick={onAgain}>
              Try again
            </button>
          </>
        )}
      </span>
    </p>
  );
}
