import "./toasts.js";
import "./dialogs.js";
import "./forms.js";
import "./live.js";
import "./keep.js";
import "./thread.js";
import "./agenda.js";
