import { config } from 'zod';

// zod tries whether it may compile schemas by `new Function`. The content policy forbids that and reports the try.
config({ jitless: true });
