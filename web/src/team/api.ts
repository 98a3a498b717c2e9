// What colleagues do with a conversation beside texting, as the server takes it.
import { queryOptions } from "@tanstack/react-query";
import { call } from "../api";
import type { CampaignOut } from "../gen/wire";

const of = (id: number, what: string): string => `/threads/${id}/${what}`;

export const teamApi = {
  assign: (id: number, member: number | null) => call<unknown>("PUT", of(id, "assignee"), { member_id: member }),
  close: (id: number, closed: boolean) => call<unknown>("PUT", of(id, "closed"), { closed }),
  snooze: (id: number, until: Date | null) => call<unknown>("PUT", of(id, "snooze"), { until: until?.toISOString() ?? null }),
  note: (id: number, cmdId: string, body: string) => call<unknown>("POST", of(id, "notes"), { cmd_id: cmdId, body }),
  mentionsSeen: (id: number) => call<unknown>("POST", of(id, "mentions/seen")),
};

const MOST = 50;

/** The newest campaigns that somebody may have answered. */
export const answeredCampaignsQuery = queryOptions({
  queryKey: ["campaigns-answered"],
  queryFn: () => call<{ rows: CampaignOut[] }>("GET", `/campaigns?limit=${MOST}`).then(({ rows }) => rows.filter((one) => one.launched_at !== null)),
  staleTime: 30_000,
});
