// What a tab does beside its page so that nobody misses a text: it rings, counts in its title and icon, and says what lies open.
import { useNavigate, useParams, useRouterState } from "@tanstack/react-router";
import { useEffect } from "react";
import { useSession } from "../app/session";
import { useBadge, useLive } from "../live/hooks";
import { iconOf, titleOf } from "./face";
import { Ringer } from "./ringer";
import { look } from "./tabs";
import { useEyes } from "./eyes";

export function Bell() {
  const live = useLive();
  const { member } = useSession();
  const navigate = useNavigate();
  useEffect(() => {
    const open = (thread: number | null) => void (thread === null ? navigate({ to: "/phone/sms" }) : navigate({ to: "/phone/sms/$threadId", params: { threadId: String(thread) } }));
    const ringer = new Ringer(live, member.id, open);
    ringer.start();
    return () => ringer.stop();
  }, [live, member.id, navigate]);
  useFace();
  useLook();
  return null;
}

function useFace(): void {
  const unread = useBadge();
  const path = useRouterState({ select: ({ location }) => location.pathname });
  useEffect(() => {
    document.title = titleOf(path, unread);
  }, [path, unread]);
  useEffect(() => {
    document.querySelector<HTMLLinkElement>("link[rel=icon]")?.setAttribute("href", iconOf(unread));
  }, [unread]);
}

function useLook(): void {
  const { threadId } = useParams({ strict: false });
  const seen = useEyes();
  const thread = threadId === undefined ? null : Number(threadId);
  useEffect(() => (thread !== null && seen ? look(thread) : undefined), [thread, seen]);
}
