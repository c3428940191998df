import { outsideText } from './outside_text.mjs';
import { text } from './text.mjs';
import { running } from './running.mjs';
import { stopping } from './stopping.mjs';
import { trouble } from './trouble.mjs';
import { trust } from './trust.mjs';
import { languages } from './languages.mjs';
import { workspace } from './workspace.mjs';
import { firstSteps } from './first_steps.mjs';
import { folders } from './folders.mjs';
import { hostile } from './hostile.mjs';

export const cases = [...outsideText, ...text, ...running, ...stopping, ...trouble, ...trust, ...languages, ...workspace, ...firstSteps, ...folders, ...hostile];
