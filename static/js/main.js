import "./toasts.js";
import "./dialogs.js";
import "./forms.js";
import "./live.js";
import "./thread.js";
