// The content security policy forbids generated code, which zod would otherwise try first. Imported before any schema is used.
import { config } from 'zod';

config({ jitless: true });
