export { TemplatePicker, type TemplatePickerProps } from "./TemplatePicker";
export { SaveTemplate } from "./SaveTemplate";
