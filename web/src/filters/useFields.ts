// What a filter can ask for, and the names behind the ids in it.
import { queryOptions, useQuery } from "@tanstack/react-query";
import { call } from "../api";
import { membersQuery, pipelinesQuery, tagsQuery } from "../people/api";
import { useSession } from "../app/session";
import type { Field, Input } from "./filter";
import { numbersQuery, whoseNumber } from "./numbers";

export const fieldsQuery = queryOptions({
  queryKey: ["filter-fields"],
  queryFn: () => call<{ fields: Field[] }>("GET", "/filters/fields"),
  select: (said) => said.fields,
  staleTime: 60_000,
});

export interface Option {
  value: string;
  label: string;
}
/** Stages stand under the name of their pipeline. */
export type Options = (Option | { group: string; items: Option[] })[];

/** What can be chosen for each input that names something of the workspace. */
export function useOptions(): Partial<Record<Input, Options>> {
  const tags = useQuery(tagsQuery).data ?? [];
  const pipelines = useQuery(pipelinesQuery).data ?? [];
  const members = useQuery(membersQuery).data ?? [];
  const numbers = useQuery(numbersQuery).data?.numbers ?? [];
  const me = useSession().member.id;
  return {
    tag: tags.map((one) => ({ value: String(one.tag_id), label: one.name })),
    pipeline: pipelines.map((one) => ({ value: String(one.pipeline_id), label: one.name })),
    stage: pipelines.map((one) => ({ group: one.name, items: one.stages.map((stage) => ({ value: String(stage.stage_id), label: stage.name })) })),
    member: members.map((one) => ({ value: String(one.member_id), label: one.name })),
    our_number: numbers.map((one) => ({ value: String(one.number_id), label: [one.label || one.address, whoseNumber(one, me)].filter(Boolean).join(" · ") })),
  };
}
