// What carriers and recipients may object to in the texts of a campaign: told while they are written, and never a refusal.
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, queryOptions, useQuery } from "@tanstack/react-query";
import { call } from "../api";

export interface WordingWarning {
  kind: "no_brand" | "no_opt_out" | "public_shortener" | "forbidden" | "capitals" | "segments";
  sentence: string;
  /** Characters of the text; none are meant where `length` is 0. */
  at: number;
  length: number;
}

/** Of texts as JSON, which stays the same while they do. */
const wordingQuery = (texts: string) =>
  queryOptions({
    queryKey: ["campaign-wording", texts],
    queryFn: ({ signal }) => call<{ warnings: WordingWarning[][] }>("POST", "/campaigns/wording", { texts: JSON.parse(texts) as string[] }, signal),
    placeholderData: keepPreviousData,
    gcTime: 0,
  });

const NONE: readonly WordingWarning[] = [];

/** Of each text; those with a place only once they are about the text that is shown. */
export function useWarnings(texts: readonly string[]): (index: number) => readonly WordingWarning[] {
  const shown = JSON.stringify(texts);
  const [looked] = useDebouncedValue(shown, 250);
  const found = useQuery(wordingQuery(looked));
  const fresh = looked === shown && !found.isPlaceholderData;
  return (index) => {
    const told = found.data?.warnings[index] ?? NONE;
    return fresh ? told : told.filter(({ length }) => length === 0);
  };
}
