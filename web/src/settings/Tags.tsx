import { useQuery, useQueryClient } from "@tanstack/react-query";
import { forgetPeople, settingsApi, tagsQuery } from "../people/api";
import { people } from "../people/rows";
import { AddName } from "./AddName";
import { Problem } from "./Problem";
import { Row } from "./Row";
import styles from "./FieldsPage.module.css";

export function Tags() {
  const queries = useQueryClient();
  const tags = useQuery(tagsQuery);
  const after = <T,>(act: Promise<T>) => act.then(() => Promise.all([queries.invalidateQueries({ queryKey: tagsQuery.queryKey }), forgetPeople(queries)]));
  return (
    <section className={styles.section} aria-labelledby="tags">
      <h2 id="tags">Tags</h2>
      <Problem of={tags} />
      <div className={styles.box}>
        {(tags.data ?? []).map((tag) => (
          <Row
            key={tag.tag_id} what="tag" name={tag.name} warning="Everybody who has it loses it."
            onRename={(name) => after(settingsApi.renameTag(tag.tag_id, name))} onRemove={() => after(settingsApi.removeTag(tag.tag_id))}
          >
            <small>{people(tag.contacts ?? 0)}</small>
          </Row>
        ))}
        <AddName label="Name of a new tag" placeholder="Open House Attendee" button="Add tag" onAdd={(name) => after(settingsApi.addTag(name))} />
      </div>
    </section>
  );
}
