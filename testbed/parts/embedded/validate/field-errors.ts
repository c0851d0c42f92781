import type { FieldError } from '../api/status-errors.ts';

/** An error about a value; `detail` describes it. */
export function invalidValue(field: string, value: unknown, detail: string): FieldError {
  const message = `Invalid value: ${value === undefined ? 'null' : JSON.stringify(value)}: ${detail}`;
  return { reason: 'FieldValueInvalid', field, message };
}

/** Collects the errors of an object, field by field, with the API server's messages. */
export class FieldErrors {
  readonly list: FieldError[] = [];

  required(field: string, detail = ''): void {
    this.add('FieldValueRequired', field, detail === '' ? 'Required value' : `Required value: ${detail}`);
  }

  /** One error for each detail: none when there is none. */
  invalid(field: string, value: unknown, ...details: readonly string[]): void {
    this.list.push(...details.map((detail) => invalidValue(field, value, detail)));
  }

  duplicate(field: string, value: string): void {
    this.add('FieldValueDuplicate', field, `Duplicate value: ${JSON.stringify(value)}`);
  }

  notFound(field: string, value: string): void {
    this.add('FieldValueNotFound', field, `Not found: ${JSON.stringify(value)}`);
  }

  /** `supported` is shown in its own order; a value that is left out is no error. */
  supported(field: string, value: string | undefined, supported: readonly string[]): void {
    if (value === undefined || supported.includes(value)) return;
    const list = supported.map((one) => JSON.stringify(one)).join(', ');
    const message = `Unsupported value: ${JSON.stringify(value)}: supported values: ${list}`;
    this.add('FieldValueNotSupported', field, message);
  }

  forbidden(field: string, detail: string): void {
    this.add('FieldValueForbidden', field, `Forbidden: ${detail}`);
  }

  tooLong(field: string, limitBytes: number): void {
    this.add('FieldValueTooLong', field, `Too long: may not be more than ${limitBytes} bytes`);
  }

  private add(reason: string, field: string, message: string): void {
    this.list.push({ reason, field, message });
  }
}
