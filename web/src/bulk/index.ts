// What other parts use of texts to many.
export { BulkDialog, type BulkDialogProps } from "./BulkDialog";
export type { Audience } from "./bulk";
