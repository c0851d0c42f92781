import { expect } from 'vitest';

/** Any text of that form, inside an expected object. */
export const like = (form: RegExp): unknown => expect.stringMatching(form);

/** Stamps of objects and containers. */
export const SECONDS = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

export const CONTAINER_ID = /^containerd:\/\/[0-9a-f]{64}$/;
