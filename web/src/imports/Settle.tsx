// A file that waits: what its columns become, what that makes of its first rows, and the statement that stands behind it.
import { Button, NativeSelect, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Check, CircleAlert, TriangleAlert } from "lucide-react";
import { useState } from "react";
import { useRefusal } from "../app/may";
import { Failure } from "../parts/Failure";
import { customFieldsQuery, pipelinesQuery } from "../people/api";
import { importQuery, importsApi, importsQuery, type Description, type ImportView } from "./api";
import { placesFor } from "./places";
import { Statement } from "./Statement";
import { counted, sized } from "./words";
import styles from "./ImportPage.module.css";

const SEPARATORS = [
  { value: ",", label: "Comma" },
  { value: ";", label: "Semicolon" },
  { value: "\t", label: "Tab" },
  { value: "|", label: "Bar" },
];

export function Settle({ view, onGone }: { view: ImportView; onGone: () => void }) {
  const queries = useQueryClient();
  const know = (next: ImportView) => queries.setQueryData(importQuery(view.import_id).queryKey, next);
  const describing = useMutation({ mutationFn: (description: Description) => importsApi.describe(view.import_id, description), onSuccess: know });
  const dropping = useMutation({
    mutationFn: () => importsApi.drop(view.import_id),
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: importsQuery.queryKey });
      onGone();
    },
  });
  return (
    <>
      <section className={styles.card} aria-labelledby="file">
        <div className={styles.titled}>
          <h2 id="file">{view.name}</h2>
          <p className="numeric">
            {counted(view.rows_total, "row")} · {sized(view.size)} · {view.dialect?.encoding}
          </p>
          <Button variant="default" onClick={() => dropping.mutate()} loading={dropping.isPending}>
            Discard
          </Button>
        </div>
        <div className={styles.pair}>
          <NativeSelect
            label="Columns are separated by" data={SEPARATORS} value={view.dialect?.separator ?? ","}
            onChange={(event) => describing.mutate({ separator: event.currentTarget.value })}
          />
          <NativeSelect
            label="The first row" value={view.dialect?.header ? "names" : "person"}
            data={[{ value: "names", label: "names the columns" }, { value: "person", label: "is a person already" }]}
            onChange={(event) => describing.mutate({ header: event.currentTarget.value === "names" })}
          />
        </div>
      </section>
      <Columns view={view} busy={describing.isPending} onPlaces={(places) => describing.mutate({ places })} />
      <Preview view={view} />
      <Tags key={view.tags.join()} tags={view.tags} onTags={(tags) => describing.mutate({ tags })} />
      <Failure error={describing.error} />
      <Statement view={view} onConfirmed={know} />
    </>
  );
}

function Columns({ view, busy, onPlaces }: { view: ImportView; busy: boolean; onPlaces: (places: string[]) => void }) {
  const fields = useQuery(customFieldsQuery);
  const pipelines = useQuery(pipelinesQuery);
  const mayAdd = useRefusal("change_fields") === null;
  const places = view.columns.map((column) => column.place);
  return (
    <section className={styles.card} aria-labelledby="columns" aria-busy={busy}>
      <h2 id="columns">What the columns are</h2>
      <ul className={styles.columns}>
        {view.columns.map((column, at) => (
          <li key={`${at} ${column.name}`} data-skipped={column.place === "skip" || undefined}>
            <div>
              <strong>{column.name}</strong>
              <p>{column.samples.join(" · ") || "empty"}</p>
            </div>
            <NativeSelect
              aria-label={`${column.name} becomes`} value={column.place} data={placesFor(column.name, fields.data ?? [], pipelines.data ?? [], mayAdd || column.place.startsWith("new:"))}
              error={view.fault?.column === at}
              onChange={(event) => onPlaces(places.with(at, event.currentTarget.value))}
            />
          </li>
        ))}
      </ul>
      <Failure error={view.fault?.sentence} />
    </section>
  );
}

function Preview({ view }: { view: ImportView }) {
  if (view.preview.length === 0) return null;
  return (
    <section className={styles.card} aria-labelledby="preview">
      <h2 id="preview">What the first rows become</h2>
      <ol className={styles.preview}>
        {view.preview.map((row) => (
          <li key={row.line} data-kind={row.sentence ? "refused" : row.notes.length > 0 ? "noted" : "taken"}>
            <span className="numeric">Row {row.line}</span>
            {row.sentence === null ? row.notes.length > 0 ? <TriangleAlert size={15} aria-hidden="true" /> : <Check size={15} aria-hidden="true" /> : <CircleAlert size={15} aria-hidden="true" />}
            <div>
              {row.sentence === null ? (
                <p>
                  <strong>{row.name || "No name"}</strong> <span className="numeric">{row.phones.join(", ")}</span>
                </p>
              ) : (
                <p>Not taken: {row.sentence}</p>
              )}
              {row.notes.map((note) => (
                <p key={note} className={styles.note}>
                  {note}
                </p>
              ))}
            </div>
          </li>
        ))}
      </ol>
    </section>
  );
}

function Tags({ tags, onTags }: { tags: string[]; onTags: (tags: string[]) => void }) {
  const [text, setText] = useState(tags.join(", "));
  const settle = () => {
    const next = text.split(",").map((tag) => tag.trim()).filter(Boolean);
    if (next.join() !== tags.join()) onTags(next);
  };
  return (
    <section className={styles.card} aria-labelledby="tags">
      <h2 id="tags">Tags for everybody in this list</h2>
      <TextInput aria-label="Tags, separated by commas" placeholder="Open House Attendee, March list" value={text} onChange={(event) => setText(event.currentTarget.value)} onBlur={settle} onKeyDown={(event) => event.key === "Enter" && settle()} />
    </section>
  );
}
