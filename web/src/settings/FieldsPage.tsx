// What a workspace describes its people with: its own fields, tags, pipelines and their stages.
import { CustomFields } from "./CustomFields";
import { Pipelines } from "./Pipelines";
import { Tags } from "./Tags";
import styles from "./FieldsPage.module.css";

export function FieldsPage() {
  return (
    <div className={styles.page}>
      <header className={styles.head}>
        <h1>Fields, tags, stages</h1>
        <p>What you know of people beside their names and numbers. Lists can be filtered by all of it.</p>
      </header>
      <CustomFields />
      <Tags />
      <Pipelines />
    </div>
  );
}
