// A text with one request: safe to press again, since the same text bears the same command.
import { useMutation, useQuery } from "@tanstack/react-query";
import { Problem } from "../api";
import { useCommand } from "../parts/useCommand";
import type { Program, SavedText, ScreenPop, Sent } from "./program";

export type What = { text: string } | { template_id: number };

export interface Asked {
  what: What;
  answers?: Readonly<Record<string, string>>;
  acknowledged?: boolean;
}

export function useTemplates(program: Program) {
  return useQuery({
    queryKey: ["dialer-templates", program.token],
    queryFn: () => program.ask<{ rows: SavedText[] }>("GET", "/templates"),
    select: (said) => said.rows,
    retry: false,
  });
}

export function useQuick(program: Program, pop: ScreenPop) {
  const command = useCommand();
  return useMutation({
    mutationFn: ({ what, answers = {}, acknowledged = false }: Asked) => {
      const whom = pop.contact ? { contact_id: pop.contact.contact_id } : { to: pop.address };
      const asked = { ...whom, ...what, ...("template_id" in what && { answers }), call_id: pop.call_id, acknowledged_opt_out: acknowledged };
      return program.ask<Sent>("POST", "/dialer/sms", { ...asked, cmd_id: command.idOf(asked) });
    },
    onSuccess: () => command.done(),
  });
}

/** The names that a template asks for, where the server has refused it for want of them. */
export function missingOf(error: Error | null): readonly string[] {
  const missing = error instanceof Problem ? error.more["missing"] : null;
  return Array.isArray(missing) ? missing.map(String) : [];
}

export const isOptOut = (error: Error | null): boolean => error instanceof Problem && error.more["code"] === "opted_out";
