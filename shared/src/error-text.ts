/** Formats a thrown value for people: the message of an error, any other value as text. */
export const errorText = (error: unknown): string => (error instanceof Error ? error.message : String(error));
