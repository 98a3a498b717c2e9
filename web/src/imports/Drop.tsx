// Where a file is dropped or chosen, and how much of it has gone.
import { Button } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { FileUp } from "lucide-react";
import { useRef, useState } from "react";
import { importQuery, importsQuery, upload } from "./api";
import { Failure } from "../parts/Failure";
import { Bar } from "./Bar";
import styles from "./ImportPage.module.css";

export function Drop({ onSent }: { onSent: (id: number) => void }) {
  const queries = useQueryClient();
  const input = useRef<HTMLInputElement>(null);
  const [over, setOver] = useState(false);
  const [part, setPart] = useState(0);
  const sending = useMutation({
    mutationFn: (file: File) => {
      setPart(0);
      return upload(file, setPart);
    },
    onSuccess: (view) => {
      queries.setQueryData(importQuery(view.import_id).queryKey, view);
      void queries.invalidateQueries({ queryKey: importsQuery.queryKey });
      onSent(view.import_id);
    },
  });
  const take = (files: FileList | null) => {
    const file = files?.[0];
    if (file && !sending.isPending) sending.mutate(file);
  };
  return (
    <section
      className={styles.drop} data-over={over || undefined} aria-label="The file"
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        take(event.dataTransfer.files);
      }}
    >
      <FileUp size={30} strokeWidth={1.5} aria-hidden="true" />
      <h2>Drop a list here</h2>
      <p>A CSV file from any spreadsheet or CRM, or bare phone numbers, one a line. Nobody is added before you have looked at it.</p>
      {sending.isPending ? (
        <div className={styles.sending}>
          <Bar part={part} label="Sending the file" />
          <p role="status">{part < 1 ? `Sending ${sending.variables.name}` : `Reading ${sending.variables.name}`}</p>
        </div>
      ) : (
        <Button onClick={() => input.current?.click()}>Choose a file</Button>
      )}
      <input
        ref={input} type="file" className="hush" tabIndex={-1} aria-label="A list of people" accept=".csv,.tsv,.txt,text/csv,text/plain"
        onChange={(event) => {
          take(event.currentTarget.files);
          event.currentTarget.value = ""; // the same file may be chosen again once it was mended
        }}
      />
      <Failure error={sending.error} />
    </section>
  );
}
