// Reads {name: query} as JSON and prints {name: [errors]}: Microsoft's own parser of the Kusto Query Language, with the
// columns that the queries may use (Microsoft Learn, "Azure Monitor Logs reference": the tables of these names).
const { readFileSync } = require("fs");
require("@kusto/language-service-next/bridge.min.js");
require("@kusto/language-service-next/Kusto.Language.Bridge.min.js");

const { KustoCode, GlobalState, Symbols } = Kusto.Language;
const TABLES = {
  AppTraces: "TimeGenerated:datetime,Message:string,SeverityLevel:int,OperationId:string,Properties:dynamic",
  AppExceptions: "TimeGenerated:datetime,OuterMessage:string,ExceptionType:string,OperationId:string,Properties:dynamic",
  AegDeliveryFailureLogs: "TimeGenerated:datetime,Message:string,EventSubscriptionName:string",
};

function column(text) {
  const [name, type] = text.split(":");
  return new Symbols.ColumnSymbol(name, Symbols.ScalarTypes.GetSymbol(type));
}

const tables = Object.entries(TABLES).map(
  ([name, columns]) => new Symbols.TableSymbol.$ctor4(name, columns.split(",").map(column)),
);
const globals = GlobalState.Default.WithDatabase(new Symbols.DatabaseSymbol.$ctor1("logs", tables, false));

function errors(query) {
  const found = KustoCode.ParseAndAnalyze(query, globals).GetDiagnostics();
  const all = Array.from({ length: found.Count }, (_, at) => found.getItem(at));
  return all.map((one) => `${query.substr(one.Start, 30)}: ${one.Message}`);
}

const queries = JSON.parse(readFileSync(0, "utf8"));
console.log(JSON.stringify(Object.fromEntries(Object.entries(queries).map(([name, text]) => [name, errors(text)]))));
