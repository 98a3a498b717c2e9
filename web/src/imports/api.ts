// The REST side of imports: a file goes up as it is, and what becomes of it is asked until it has ended.
import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { call, Problem } from "../api";

export type State = "uploading" | "uploaded" | "running" | "done" | "failed" | "undoing" | "undone" | "dropped";

export interface Import {
  import_id: number;
  name: string;
  size: number;
  state: State;
  member: string;
  confirmed_by: string | null;
  dialect: { encoding: string; separator: string; header: boolean } | null;
  tags: string[];
  consent: { who: string; at: string; wording: string } | null;
  rows_total: number;
  rows_done: number;
  created: number;
  updated: number;
  refused: number;
  noted: number;
  taken_back: number;
  kept: number;
  sentence: string | null;
  at: string;
  confirmed_at: string | null;
  ended_at: string | null;
}

export interface ImportView extends Import {
  columns: { name: string; place: string; samples: string[] }[];
  preview: { line: number; cells: string[]; name: string; phones: string[]; sentence: string | null; notes: string[] }[];
  fault: { sentence: string; column: number | null } | null;
}

export interface Refusal {
  line: number;
  sentence: string;
  taken: boolean;
  cells: string[];
}

export interface Description {
  header?: boolean;
  separator?: string;
  places?: string[];
  tags?: string[];
}

export const LARGEST = 50_000_000;
const LIST = "imports";
const ONE = "import";
const LOOK_MS = 600;

export const isMoving = (state: State): boolean => state === "running" || state === "undoing";

export const importQuery = (id: number) =>
  queryOptions({
    queryKey: [ONE, id],
    queryFn: () => call<ImportView>("GET", `/imports/${id}`),
    refetchInterval: (query) => (query.state.data && isMoving(query.state.data.state) ? LOOK_MS : false),
  });

export const importsQuery = infiniteQueryOptions({
  queryKey: [LIST],
  queryFn: ({ pageParam }) => call<{ imports: Import[]; next: number | null }>("GET", `/imports?limit=10${pageParam ? `&below=${pageParam}` : ""}`),
  initialPageParam: 0,
  getNextPageParam: (page) => page.next ?? undefined,
});

export const refusalsQuery = (id: number) =>
  queryOptions({ queryKey: [ONE, id, "refusals"], queryFn: () => call<{ refusals: Refusal[] }>("GET", `/imports/${id}/refusals?limit=100`), select: (said) => said.refusals });

export const importsApi = {
  describe: (id: number, description: Description) => call<ImportView>("PATCH", `/imports/${id}`, description),
  confirm: (id: number, consent: { who: string; at: string; wording: string }) => call<ImportView>("POST", `/imports/${id}/confirm`, { consent }),
  undo: (id: number) => call<ImportView>("POST", `/imports/${id}/undo`),
  drop: (id: number) => call<null>("DELETE", `/imports/${id}`),
};

/** Send the file; `onPart` hears how much of it has gone, from 0 to 1. */
export function upload(file: File, onPart: (part: number) => void): Promise<ImportView> {
  if (file.size > LARGEST) return Promise.reject(new Problem(413, "Too big", `This file is too big: ${Math.ceil(file.size / 1e6)} MB, and at most ${LARGEST / 1e6} MB are taken.`));
  return new Promise((done, fail) => {
    const request = new XMLHttpRequest(); // fetch does not tell how much of a body has gone
    request.open("POST", `/api/v1/imports?name=${encodeURIComponent(file.name.slice(-200) || "list.csv")}`);
    request.setRequestHeader("X-CSRF", "1");
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.responseType = "json";
    request.upload.onprogress = (event) => event.lengthComputable && event.total > 0 && onPart(event.loaded / event.total);
    request.onerror = () => fail(new Problem(0, "No connection", "The file could not be sent. Check your connection and try again."));
    request.onload = () => {
      const said = request.response as (ImportView & { title?: string; detail?: string }) | null;
      if (request.status < 300 && said) done(said);
      else fail(new Problem(request.status, said?.title ?? "Something went wrong", said?.detail ?? `The server answered ${request.status}.`));
    };
    request.send(file);
  });
}
