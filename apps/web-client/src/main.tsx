import '@mantine/core/styles.css';
import './app/page.css';
import { createRoot } from 'react-dom/client';
import { App } from './app/app.tsx';
import { installAutomation } from './app/automation.ts';

const root = document.getElementById('root');
if (!root) throw new Error('index.html has no element "root"');
installAutomation();
createRoot(root).render(<App />);
