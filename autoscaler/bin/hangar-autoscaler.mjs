#!/usr/bin/env node
import { enter } from '../../shared/bin/door.mjs';

await enter(import.meta.url);
