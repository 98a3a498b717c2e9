import { useQuery, useQueryClient } from "@tanstack/react-query";
import { knowContact, peopleApi, pipelinesQuery } from "./api";
import { Choice } from "./Choice";
import type { Contact } from "./types";
import styles from "./ContactPage.module.css";

/** Where a contact stands in each pipeline. */
export function Standings({ contact }: { contact: Contact }) {
  const queries = useQueryClient();
  const pipelines = useQuery(pipelinesQuery).data ?? [];
  if (pipelines.length === 0) return null;
  return (
    <section className={styles.card} aria-labelledby="standings">
      <h2 id="standings">Stages</h2>
      {pipelines.map((one) => {
        const at = contact.stages.find((standing) => standing.pipeline_id === one.pipeline_id);
        return (
          <Choice
            key={one.pipeline_id} label={one.name} value={at ? String(at.stage_id) : ""}
            options={[{ value: "", label: "Not in it" }, ...one.stages.map((stage) => ({ value: String(stage.stage_id), label: stage.name }))]}
            onSave={async (value) => knowContact(queries, await peopleApi.stage(contact.contact_id, one.pipeline_id, value === "" ? null : Number(value)))}
          />
        );
      })}
    </section>
  );
}
