export { NewMessage, type NewMessageProps } from "./NewMessage";
