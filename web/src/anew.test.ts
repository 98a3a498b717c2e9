// What is asked anew is asked after the news.
import { QueryClient, QueryObserver } from "@tanstack/react-query";
import { expect, test } from "vitest";
import { askAnew } from "./anew";

test("an answer that was under way before the news is not kept, not even the first", async () => {
  const queries = new QueryClient();
  const answers: ((told: string) => void)[] = [];
  const observer = new QueryObserver<string>(queries, { queryKey: ["reviews"], queryFn: () => new Promise((answer) => answers.push(answer)), retry: false });
  const stop = observer.subscribe(() => undefined);
  const asked = askAnew(queries, ["reviews"]);
  await Promise.resolve();
  answers[0]?.("before the news");
  await expect.poll(() => answers.length).toBe(2);
  answers[1]?.("after the news");
  await asked;
  expect(observer.getCurrentResult().data).toBe("after the news");
  stop();
});
