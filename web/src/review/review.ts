// Texts that may have asked to stop: what the server tells of them, and the words for the decisions.
import { useQueryClient, type QueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { askAnew } from "../anew";
import type { ReviewOut } from "../gen/wire";
import { useReviewNews } from "../live/hooks";

export type Decision = "opted_out" | "not_a_revocation" | "wrong_number";

interface Choice {
  readonly decision: Decision;
  readonly title: string;
  readonly does: string;
  /** The step before what only the contact can undo. */
  readonly confirm: { question: (who: string) => string; button: string } | null;
}

export const CHOICES: readonly Choice[] = [
  {
    decision: "opted_out",
    title: "They want to stop",
    does: "No more texts, as if they had sent STOP.",
    confirm: { question: (who) => `Stop texts to ${who}? Only their START brings them back.`, button: "Stop texts" },
  },
  {
    decision: "not_a_revocation",
    title: "Not a request to stop",
    does: "Texts and campaigns go on as before.",
    confirm: null,
  },
  {
    decision: "wrong_number",
    title: "Wrong number",
    does: "No more texts, and no confirmation either.",
    confirm: { question: (who) => `Mark ${who} as a wrong number? Only a START from that phone brings it back.`, button: "Mark as wrong number" },
  },
];

const SETTLED: Record<NonNullable<ReviewOut["decision"]>, string> = {
  opted_out: "Opted out",
  not_a_revocation: "Not a request to stop",
  wrong_number: "Wrong number",
  superseded: "They wrote again",
};

export const settledAs = (review: ReviewOut): string => (review.decision ? SETTLED[review.decision] : "");

/** Who decided; the contact's own STOP or START decides too. */
export const settledBy = (review: ReviewOut): string => (review.decision === "superseded" ? "" : (review.decided_by ?? "the contact"));

export const recognisedAs = (review: ReviewOut): string => (review.kind === "wrong_number" ? "Says it is the wrong number" : "May be asking to stop");

export const REVIEWS = "reviews";

export const forgetReviews = (queries: QueryClient): Promise<void> => askAnew(queries, [REVIEWS]);

/** Keeps what is shown of them fresh while something shows them. */
export function useFreshReviews(): void {
  const queries = useQueryClient();
  const news = useReviewNews();
  const known = useRef(news);
  useEffect(() => {
    if (known.current === news) return;
    known.current = news;
    void forgetReviews(queries);
  }, [queries, news]);
}
