// An import that was confirmed: how far it is, what came of it, which rows did not come in, and the way back.
import { Button } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { CircleAlert, CircleCheckBig, Download, Undo2 } from "lucide-react";
import { useState } from "react";
import { Sure } from "../parts/Sure";
import { fullTime } from "../text/time";
import { importQuery, importsApi, isMoving, refusalsQuery, type ImportView } from "./api";
import { Bar } from "./Bar";
import { counted, STATES } from "./words";
import styles from "./ImportPage.module.css";

export function Outcome({ view }: { view: ImportView }) {
  return (
    <>
      <section className={styles.card} aria-labelledby="outcome">
        <div className={styles.titled}>
          <h2 id="outcome">{view.name}</h2>
          <p>
            {view.confirmed_by} · {fullTime(new Date(view.confirmed_at ?? view.at))}
          </p>
          {(view.state === "done" || view.state === "failed") && <Undo view={view} />}
        </div>
        {isMoving(view.state) ? <Progress view={view} /> : <Figures view={view} />}
      </section>
      {!isMoving(view.state) && view.refused + view.noted > 0 && <Rows view={view} />}
      {view.consent && (
        <section className={styles.card} aria-labelledby="said">
          <h2 id="said">The statement behind it</h2>
          <blockquote className={styles.quote}>{view.consent.wording}</blockquote>
          <p className={styles.soft}>
            {view.consent.who}, by {fullTime(new Date(view.consent.at))}
          </p>
        </section>
      )}
    </>
  );
}

function Progress({ view }: { view: ImportView }) {
  const back = view.state === "undoing";
  const all = back ? view.created + view.updated : view.rows_total;
  const done = back ? view.taken_back + view.kept : view.rows_done;
  return (
    <div className={styles.progress}>
      <Bar part={all === 0 ? 1 : done / all} label={back ? "Taking back" : "Importing"} />
      <p role="status" className="numeric">
        {back ? "Taking back" : "Importing"}: {done.toLocaleString("en-US")} of {all.toLocaleString("en-US")}
      </p>
      <p className={styles.soft}>It goes on by itself. You can leave this page.</p>
    </div>
  );
}

function Figures({ view }: { view: ImportView }) {
  const undone = view.state === "undone";
  const figures: [number, string][] = undone
    ? [[view.taken_back, "taken back"], [view.kept, "left as they are"]]
    : [[view.created, "new"], [view.updated, "updated"], [view.refused, "not taken"], [view.noted, "with a remark"]];
  return (
    <>
      <p className={styles.verdict} data-state={view.state} role="status">
        {view.state === "failed" ? <CircleAlert size={18} aria-hidden="true" /> : <CircleCheckBig size={18} aria-hidden="true" />}
        {STATES[view.state]}
        {view.sentence && `: ${view.sentence}`}
      </p>
      <dl className={styles.figures}>
        {figures.map(([count, what]) => (
          <div key={what}>
            <dt>{what}</dt>
            <dd className="numeric">{count.toLocaleString("en-US")}</dd>
          </div>
        ))}
      </dl>
      {undone && view.kept > 0 && <p className={styles.soft}>Somebody has written with or changed those who were left. Their consent from this list was taken back all the same.</p>}
      {!undone && (
        <p>
          <Link to="/people" search={{ sort: "created" }} className={styles.link}>
            See the newest people
          </Link>
        </p>
      )}
    </>
  );
}

function Undo({ view }: { view: ImportView }) {
  const queries = useQueryClient();
  const [asking, ask] = useState(false);
  const undoing = useMutation({
    mutationFn: () => importsApi.undo(view.import_id),
    onSuccess: (next) => {
      ask(false);
      queries.setQueryData(importQuery(view.import_id).queryKey, next);
    },
  });
  return (
    <>
      <Button variant="default" leftSection={<Undo2 size={16} aria-hidden="true" />} onClick={() => ask(true)}>
        Undo
      </Button>
      <Sure
        opened={asking} title="Take this import back?" no="Keep it" yes="Take it back" busy={undoing.isPending} error={undoing.error}
        onNo={() => ask(false)} onYes={() => undoing.mutate()}
      >
        {counted(view.created, "new contact")} and the changes to {counted(view.updated, "contact")} are taken back, and the consent that this list brought. Whom somebody has written with or changed since stays as they are.
      </Sure>
    </>
  );
}

function Rows({ view }: { view: ImportView }) {
  const rows = useQuery(refusalsQuery(view.import_id));
  const all = view.refused + view.noted;
  return (
    <section className={styles.card} aria-labelledby="rows">
      <div className={styles.titled}>
        <h2 id="rows">Rows to look at</h2>
        <p className="numeric">{counted(all, "row")}</p>
        <Button component="a" href={`/api/v1/imports/${view.import_id}/refusals.csv`} download variant="default" leftSection={<Download size={16} aria-hidden="true" />}>
          Download
        </Button>
      </div>
      <ol className={styles.preview}>
        {rows.data?.map((row) => (
          <li key={row.line} data-kind={row.taken ? "noted" : "refused"}>
            <span className="numeric">Row {row.line}</span>
            <CircleAlert size={15} aria-hidden="true" />
            <div>
              <p>
                {row.taken ? "" : "Not taken: "}
                {row.sentence}
              </p>
              {row.cells.some(Boolean) && <p className={styles.note}>{row.cells.filter(Boolean).join(" · ")}</p>}
            </div>
          </li>
        ))}
      </ol>
      {rows.data && rows.data.length < all && <p className={styles.soft}>These are the first {rows.data.length}. The file has all of them.</p>}
    </section>
  );
}
