// Pipelines and their stages, in the order in which people pass them.
import { ActionIcon, Tooltip } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { ArrowUp } from "lucide-react";
import { forgetPeople, pipelinesQuery, settingsApi } from "../people/api";
import { people } from "../people/rows";
import type { Pipeline } from "../people/types";
import { AddName } from "./AddName";
import { Problem } from "./Problem";
import { Row } from "./Row";
import styles from "./FieldsPage.module.css";

export function Pipelines() {
  const queries = useQueryClient();
  const pipelines = useQuery(pipelinesQuery);
  // Also after a refusal: it says that somebody stands in what was shown as empty.
  const after = <T,>(act: Promise<T>) => act.finally(() => void Promise.all([queries.invalidateQueries({ queryKey: pipelinesQuery.queryKey }), forgetPeople(queries)]));
  return (
    <section className={styles.section} aria-labelledby="pipelines">
      <h2 id="pipelines">Pipelines</h2>
      <Problem of={pipelines} />
      {(pipelines.data ?? []).map((one) => (
        <One key={one.pipeline_id} pipeline={one} after={after} />
      ))}
      <div className={styles.box}>
        <AddName label="Name of a new pipeline" placeholder="Buyers" button="Add pipeline" onAdd={(name) => after(settingsApi.addPipeline(name, ["New Lead"]))} />
      </div>
    </section>
  );
}

function One({ pipeline, after }: { pipeline: Pipeline; after: <T>(act: Promise<T>) => Promise<unknown> }) {
  const { pipeline_id: id, name, stages } = pipeline;
  const standing = stages.reduce((sum, stage) => sum + (stage.contacts ?? 0), 0);
  return (
    <div className={styles.box} role="group" aria-label={`Pipeline ${name}`}>
      <Row
        what="pipeline" name={name} warning={standing > 0 ? `Its stages go with it, and ${people(standing)} then stand in none.` : "Its stages go with it."}
        onRename={(next) => after(settingsApi.renamePipeline(id, next))} onRemove={() => after(settingsApi.removePipeline(id, standing > 0))}
      />
      <ol className={styles.stages}>
        {stages.map((stage, index) => (
          <li key={stage.stage_id}>
            {index > 0 ? (
              <Tooltip label="Move up">
                <ActionIcon variant="subtle" size={34} aria-label={`Move ${stage.name} up`} onClick={() => void after(settingsApi.patchStage(id, stage.stage_id, { position: index - 1 }))}>
                  <ArrowUp size={15} />
                </ActionIcon>
              </Tooltip>
            ) : (
              <span className={styles.step} />
            )}
            <Row
              what="stage" name={stage.name} warning={stage.contacts ? `${people(stage.contacts)} then stand in no stage of it.` : ""}
              onRename={(next) => after(settingsApi.patchStage(id, stage.stage_id, { name: next }))} onRemove={() => after(settingsApi.removeStage(id, stage.stage_id, (stage.contacts ?? 0) > 0))}
            >
              <small>{people(stage.contacts ?? 0)}</small>
            </Row>
          </li>
        ))}
      </ol>
      <AddName label={`Name of a new stage of ${name}`} placeholder="Under contract" button="Add stage" onAdd={(next) => after(settingsApi.addStage(id, next))} />
    </div>
  );
}
