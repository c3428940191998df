import { text } from './text.mjs';
import { running } from './running.mjs';
import { stopping } from './stopping.mjs';
import { trouble } from './trouble.mjs';
import { trust } from './trust.mjs';
import { languages } from './languages.mjs';
import { workspace } from './workspace.mjs';

export const cases = [...text, ...running, ...stopping, ...trouble, ...trust, ...languages, ...workspace];
