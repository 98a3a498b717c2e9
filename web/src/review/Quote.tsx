import type { ReviewOut } from "../gen/wire";
import styles from "./Quote.module.css";

/** The text as it came, with what was recognised in it marked. */
export function Quote({ review }: { review: ReviewOut }) {
  return (
    <blockquote className={styles.quote}>
      {review.parts.map((part, index) => (part.marked ? <mark key={index}>{part.text}</mark> : part.text))}
    </blockquote>
  );
}
