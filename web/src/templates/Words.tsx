// A template's text with its tokens shown by what they insert.
import { memo, useMemo } from "react";
import type { Token } from "./templates";
import { pieces } from "./text";
import styles from "./Words.module.css";

export const Words = memo(function Words({ body, tokens }: { body: string; tokens: readonly Token[] }) {
  const parts = useMemo(() => pieces(body), [body]);
  const labels = useMemo(() => new Map(tokens.map((token) => [token.name, token.label])), [tokens]);
  return (
    <>
      {parts.map((piece, index) =>
        piece.kind === "token" ? (
          <span key={index} className={styles.token} data-known={labels.has(piece.name ?? "")}>
            {labels.get(piece.name ?? "") ?? piece.text}
          </span>
        ) : (
          piece.text
        ),
      )}
    </>
  );
});
