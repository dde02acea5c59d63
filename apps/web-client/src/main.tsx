import './app/trusted-types.ts';
import './contract/without-eval.ts';
import '@mantine/core/styles.css';
import './app/page.css';
import { createRoot } from 'react-dom/client';
import { App } from './app/app.tsx';
import { installAutomation } from './app/automation.ts';
import { keepShell } from './app/kept-shell.ts';
import { shareStyleNonce } from './app/style-nonce.ts';

const root = document.getElementById('root');
if (!root) throw new Error('index.html has no element "root"');
installAutomation();
keepShell();
shareStyleNonce();
createRoot(root).render(<App />);
