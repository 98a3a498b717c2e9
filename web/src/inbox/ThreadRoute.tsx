import { useParams, useSearch } from "@tanstack/react-router";
import { NotFound } from "../app/Plain";
import { ThreadPane } from "./ThreadPane";

export function ThreadRoute() {
  const { threadId } = useParams({ from: "/inside/phone/sms/$threadId" });
  const { at } = useSearch({ from: "/inside/phone/sms/$threadId" });
  return /^[1-9]\d{0,15}$/.test(threadId) ? <ThreadPane key={threadId} id={Number(threadId)} at={at ?? null} /> : <NotFound />;
}
