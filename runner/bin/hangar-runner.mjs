#!/usr/bin/env -S node --
import { enter } from '../../shared/bin/door.mjs';

await enter(import.meta.url);
